import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findNetworkDisk, networkDiskOf } from "../../../../src/store/sqlite/network-disk.ts";

test.for<[number, string]>([
  [0x6969, "NFS"],
  [0xff534d42, "CIFS"],
  // As a signed 32-bit number, which some answer.
  [0xff534d42 | 0, "CIFS"],
  [0xfe534d42 | 0, "SMB"],
  [0x01021997, "9P"],
  [0x00c36400, "Ceph"],
  [0x65735546, "FUSE, which may be a network's"],
])("the type %i is %s", ([type, name]) => expect(networkDiskOf(type)).toBe(name));

test.for<[string, number]>([
  ["ext4", 0xef53],
  ["XFS", 0x58465342],
  ["Btrfs", 0x9123683e],
  ["overlayfs", 0x794c7630],
  ["tmpfs", 0x01021994],
  ["ZFS", 0x2fc12fc1],
])("%s is a disk of this machine", ([, type]) => expect(networkDiskOf(type)).toBeUndefined());

test("a folder of this machine's disk is none, and so is one that is not there yet", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sms-relay-disk-"));
  try {
    expect(await findNetworkDisk(join(folder, "relay.db"))).toBeUndefined();
    expect(await findNetworkDisk(join(folder, "later/relay.db"))).toBeUndefined();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
