package io.portcullis.linux.netlink;

/** Ends what was registered when it is closed; any thread, once or more often. */
public interface Registration extends AutoCloseable {
    @Override
    void close();
}
