"""Feeds of live sound: a card, a file at the pace of its recording, raw samples from a pipe or a socket."""

from anydoa.live.feeds.device import DeviceFeed as DeviceFeed
from anydoa.live.feeds.file import FileFeed as FileFeed
from anydoa.live.feeds.raw import RawFeed as RawFeed
from anydoa.live.feeds.relay import OrderedFeed as OrderedFeed
from anydoa.live.feeds.relay import OverheardFeed as OverheardFeed
from anydoa.live.feeds.tcp import TcpFeed as TcpFeed
