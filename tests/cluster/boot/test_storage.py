"""Where the model's files go: NVMe that the image mounted or left blank, or the root volume."""

from __future__ import annotations

from collections.abc import Callable

from tests.cluster.boot.nodes import CASES, NodeRoot

LayOut = Callable[..., NodeRoot]
CASE = CASES["one gpu"]
DISK = "Amazon EC2 NVMe Instance Storage"


def disks(*names: str, used: str = "-") -> str:
    """`lsblk` on a node with these instance-store disks beside its root volume."""
    listed = "\n".join(f"{name} {DISK}" for name in (*names, *([used] if used != "-" else [])))
    return f"""
case $1 in
  -dnpo) printf '%s\\n' '/dev/nvme0n1 Amazon Elastic Block Store' '{listed}';;
  -nro) [ "$3" != {used} ] || echo 'LVM2_member ';;
esac
"""


def place(node: NodeRoot) -> str:
    return str((node.root / "var/lib/gpu-sizing/data").readlink().relative_to(node.root))


def test_the_images_own_mount_is_taken(lay_out: LayOut) -> None:
    node = lay_out(CASE)
    node.fake("mountpoint", "")
    assert node.run("storage")[0] == 0
    assert place(node) == "opt/dlami/nvme/gpu-sizing"
    assert (node.root / place(node) / "model").is_dir()
    assert node.calls("mkfs.ext4") == []
    assert node.statuses() == ["booting"]


def test_several_blank_disks_become_one_volume(lay_out: LayOut) -> None:
    node = lay_out(CASE)
    node.fake("lsblk", disks("/dev/nvme1n1", "/dev/nvme2n1"))
    assert node.run("storage")[0] == 0
    (made,) = node.calls("mdadm")
    assert made[-4:] == ["--raid-devices", "2", "/dev/nvme1n1", "/dev/nvme2n1"]
    assert node.calls("mkfs.ext4")[0][-1] == "/dev/md/gpu-sizing"
    assert place(node) == "opt/dlami/nvme/gpu-sizing"


def test_one_blank_disk_needs_no_raid(lay_out: LayOut) -> None:
    node = lay_out(CASE)
    node.fake("lsblk", disks("/dev/nvme1n1"))
    assert node.run("storage")[0] == 0
    assert node.calls("mdadm") == []
    assert node.calls("mkfs.ext4")[0][-1] == "/dev/nvme1n1"


def test_a_disk_that_holds_something_is_left_alone(lay_out: LayOut) -> None:
    node = lay_out(CASE)
    node.fake("lsblk", disks(used="/dev/nvme1n1"))
    assert node.run("storage")[0] == 0
    assert node.calls("mkfs.ext4") == []
    assert place(node) == "var/lib/gpu-sizing/root/gpu-sizing"


def test_a_type_without_nvme_uses_the_root_volume_and_says_so(lay_out: LayOut) -> None:
    node = lay_out(CASE)
    node.fake("lsblk", disks())
    assert node.run("storage")[0] == 0
    assert place(node) == "var/lib/gpu-sizing/root/gpu-sizing"
    assert len(node.console) == 1
    assert "warning: no instance-store NVMe" in node.console[0]


def test_the_volume_of_an_earlier_boot_is_mounted_again(lay_out: LayOut) -> None:
    node = lay_out(CASE)
    node.fake("blkid", "echo /dev/md127")
    assert node.run("storage")[0] == 0
    assert node.run("storage")[0] == 0
    assert node.calls("mkfs.ext4") == []
    assert node.calls("mount")[0][0] == "LABEL=gpu-sizing"
    assert place(node) == "opt/dlami/nvme/gpu-sizing"


def test_a_mount_that_fails_leaves_the_root_volume(lay_out: LayOut) -> None:
    node = lay_out(CASE)
    node.fake("blkid", "echo /dev/md127")
    node.fake("mount", "exit 32")
    assert node.run("storage")[0] == 0
    assert place(node) == "var/lib/gpu-sizing/root/gpu-sizing"
