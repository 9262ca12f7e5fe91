"""Every file format, in and out. Nothing outside this room knows one."""
