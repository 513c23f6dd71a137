package io.portcullis.linux.netlink;

import io.portcullis.linux.FileLock;
import io.portcullis.linux.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The claim of one process on a NIC: a lock on a file in a folder where nobody else may create files, named by the network
 * namespace and the NIC's index. The kernel releases it when the process ends in any way.
 */
public final class NicClaim implements AutoCloseable {
    private final FileLock lock;
    private final int nic;

    private NicClaim(FileLock lock, int nic) {
        this.lock = lock;
        this.nic = nic;
    }

    private static Path file(Path folder, int nic) throws IOException {
        return folder.resolve("nic-" + NetworkNamespace.number() + "-" + nic + ".lock");
    }

    /**
     * Claims a NIC.
     *
     * @param folder of the lock; must exist
     * @param owner for people
     * @return empty where another process or this one has claimed it: {@link #owner} names it
     */
    public static Optional<NicClaim> take(Path folder, Nic nic, String owner) throws IOException {
        return FileLock.take(file(folder, nic.index()), owner).map(lock -> new NicClaim(lock, nic.index()));
    }

    /** The owner that has claimed a NIC; empty: nobody. */
    public static Optional<String> owner(Path folder, Nic nic) throws IOException {
        return FileLock.holder(file(folder, nic.index()));
    }

    /** Index of the NIC. */
    public int nic() {
        return nic;
    }

    /** Releases the claim. Once. */
    @Override
    public void close() {
        lock.remove();
    }
}
