/**
 * File systems of a network, on which SQLite must not stand: their locks do not hold between machines, and a sync may end before
 * anything is safe (sqlite.org/howtocorrupt.html §2). Known by the type that statfs(2) answers on Linux.
 */
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";

/** By f_type: linux/magic.h, and what each file system defines for itself. */
const networkTypes: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB"],
  [0x01021997, "9P"],
  [0x5346414f, "AFS"],
  [0x6b414653, "AFS"],
  [0x00c36400, "Ceph"],
  [0x0bd00bd0, "Lustre"],
  [0x47504653, "GPFS"],
  [0x7461636f, "OCFS2"],
  [0x01161970, "GFS2"],
  [0x73757245, "Coda"],
]);

/** A file system of a program, behind which anything may be: sshfs, s3fs, GlusterFS, the shared folders of a virtual machine. */
const fuse = 0x65735546;

/** What its file would stand on that it must not, or may not; undefined for a disk. */
export function networkDiskOf(type: number): string | undefined {
  // Some answer it with a sign.
  const unsigned = type >>> 0;
  if (unsigned === fuse) return "FUSE, which may be a network's";
  return networkTypes.get(unsigned);
}

/** The same of the folder of a store; undefined also where there is none yet. */
export async function findNetworkDisk(storePath: string): Promise<string | undefined> {
  const found = await statfs(dirname(storePath)).catch(() => undefined);
  return found && networkDiskOf(found.type);
}
