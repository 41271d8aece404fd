"""What other packages use of security: people, approvals, signatures, sealed files, private values.

The stub beside this module lists the names. Each module is imported when a name of it is first used.
"""

# pyright: basic
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__package__ or "", __file__)
