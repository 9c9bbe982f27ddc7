"""The kernel's side: ptrace requests, wait statuses, signals, /proc. Knows no DAP and no symbols."""
