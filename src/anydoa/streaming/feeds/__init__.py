"""Feeds of live sound: a card, a file at the pace of its recording, raw samples from a pipe or a socket."""

from anydoa.streaming.feeds.device import DeviceFeed as DeviceFeed
from anydoa.streaming.feeds.file import FileFeed as FileFeed
from anydoa.streaming.feeds.ordered import OrderedFeed as OrderedFeed
from anydoa.streaming.feeds.overheard import OverheardFeed as OverheardFeed
from anydoa.streaming.feeds.raw import RawFeed as RawFeed
from anydoa.streaming.feeds.tcp import TcpFeed as TcpFeed
