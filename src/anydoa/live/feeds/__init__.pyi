from .device import DeviceFeed as DeviceFeed
from .file import FileFeed as FileFeed
from .ordered import OrderedFeed as OrderedFeed
from .pcm import PcmFormat as PcmFormat
from .raw import RawFeed as RawFeed
from .raw import read_stream_header as read_stream_header
from .tcp import TcpFeed as TcpFeed
