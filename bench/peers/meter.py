"""What a process and all its children have used of processor time and memory, as the kernel counts it."""

import psutil


def cpu_seconds(root: psutil.Process) -> float:
    """User and system time of the process, its living descendants, and the children that have ended."""
    total = 0.0
    for process in (root, *root.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue  # it has ended since it was listed, and counts with its parent's ended children
        total += times.user + times.system + times.children_user + times.children_system
    return total


def resident_bytes(root: psutil.Process) -> int:
    """Resident memory of the process and its descendants."""
    total = 0
    for process in (root, *root.children(recursive=True)):
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total
