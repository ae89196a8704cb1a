"""The kernel's folder kernel/.

The underscore keeps it apart from kmmdoc.linux.kernel, the state of a boot.
"""
