from .device import DeviceFeed as DeviceFeed
from .file import FileFeed as FileFeed
from .pcm import PcmFormat as PcmFormat
from .raw import RawFeed as RawFeed
from .raw import read_stream_header as read_stream_header
from .relay import OrderedFeed as OrderedFeed
from .tcp import TcpFeed as TcpFeed
