package io.portcullis.linux.netlink;

import io.portcullis.linux.FileLock;
import io.portcullis.linux.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A NIC that one process at a time may take: a lock on a file in a folder where nobody else may make files, named by the network
 * namespace and the NIC's index. It goes with the process, however that ends.
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
     * Takes a NIC.
     *
     * @param folder of the lock; it is there already
     * @param owner for people
     * @return empty where somebody has it, another process or this one: {@link #owner} tells who
     */
    public static Optional<NicClaim> take(Path folder, Nic nic, String owner) throws IOException {
        return FileLock.take(file(folder, nic.index()), owner).map(lock -> new NicClaim(lock, nic.index()));
    }

    /** The words of who has it; empty where nobody has. */
    public static Optional<String> owner(Path folder, Nic nic) throws IOException {
        return FileLock.holder(file(folder, nic.index()));
    }

    /** Index of the NIC. */
    public int nic() {
        return nic;
    }

    /** Gives it back. Once. */
    @Override
    public void close() {
        lock.remove();
    }
}
