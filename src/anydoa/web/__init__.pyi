from .catalogue import Catalogue as Catalogue
from .hub import Hub as Hub
from .messages import hello_message as hello_message
from .server import PageServer as PageServer
from .server import ServerOptions as ServerOptions
from .upload import UploadLimits as UploadLimits
