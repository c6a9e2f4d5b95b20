"""File systems that several hosts share, where SQLite's write-ahead log would be lost: it needs memory of one host."""

from __future__ import annotations

import re
from pathlib import Path

NETWORK = frozenset(
    "9p acfs afs afpfs beegfs ceph cifs coda gfs gfs2 glusterfs gpfs lustre ncpfs nfs nfs4 ocfs2 orangefs panfs pvfs2 "
    "smb smb2 smb3 smbfs wekafs".split()
)
"""As the kernel names them."""
_FUSE = ("afs", "beegfs", "ceph", "curlftpfs", "davfs", "gcsfuse", "geesefs", "gluster", "goofys", "juicefs", "lustre",
         "moosefs", "mfs", "nfs", "rclone", "s3", "seaweedfs", "smb", "sshfs", "weed")  # fmt: skip
_MOUNTS = Path("/proc/self/mountinfo")


def network(folder: Path, mounts: str | None = None) -> str:
    """The type of the network file system that a folder lies on; empty where it lies on none, or nobody can tell.

    `mounts` is a mount table as Linux writes it (proc_pid_mountinfo(5)); this machine's if not given.
    """
    if mounts is None:
        mounts = _MOUNTS.read_text(errors="surrogateescape") if _MOUNTS.exists() else ""
    found, longest = "", -1
    for line in mounts.splitlines():
        point, kind = _mount(line)
        if folder.is_relative_to(point) and len(point.parts) >= longest:  # a later one hides an earlier one
            found, longest = kind, len(point.parts)
    return found if _shared(found) else ""


def _mount(line: str) -> tuple[Path, str]:
    """Where a file system is mounted and of which type it is; spaces are written as octal numbers there."""
    before, _, after = line.partition(" - ")
    point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), before.split(" ")[4])
    return Path(point), after.split(" ")[0]


def _shared(kind: str) -> bool:
    name = kind.removeprefix("fuse.")
    return name in NETWORK or (name != kind and name.startswith(_FUSE))
