"""The debate arena: experiments in scalable oversight, from a configuration file to a compared result."""

from importlib.metadata import version

__version__ = version("debate-arena")
