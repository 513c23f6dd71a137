package io.portcullis.http;

import io.netty.channel.unix.Errors;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A configured address that a server listens at.
 *
 * @param setting its key in the configuration, for messages
 * @param host an address, or a name; an IPv6 address without brackets
 * @param port 0: any free one
 */
public record TcpAddress(String setting, String host, int port) {
    private static final Logger LOG = LoggerFactory.getLogger(TcpAddress.class);

    // errno(3) of bind(2), include/uapi/asm-generic/errno*.h
    private static final int EACCES = 13;
    private static final int EADDRINUSE = 98;

    /**
     * Looks the name up; may take long.
     *
     * @throws ServerException there is no such host
     */
    public InetSocketAddress resolve() throws ServerException {
        InetSocketAddress wanted = new InetSocketAddress(host, port);
        if (wanted.isUnresolved()) {
            throw new ServerException(this + ": no such host; name one of this host's addresses");
        }
        return wanted;
    }

    /** Why the kernel does not listen there, with a remedy. */
    ServerException refused(IOException refusal) {
        int errno = refusal instanceof Errors.NativeIoException kernel ? -kernel.expectedErr() : 0;
        String why = switch (errno) {
            case EADDRINUSE -> "address already in use by another process; change " + setting + " or stop it";
            case EACCES ->
                "permission denied; a port below 1024 needs root or CAP_NET_BIND_SERVICE, change " + setting
                        + " to a higher one";
            default -> String.valueOf(refusal.getMessage());
        };
        return new ServerException(this + ": " + why, refusal);
    }

    /** Warns if clients can't reach the server yet. */
    void warnIfAbsent(InetAddress address) {
        try {
            if (!address.isAnyLocalAddress()
                    && !address.isLoopbackAddress()
                    && NetworkInterface.getByInetAddress(address) == null) {
                LOG.warn("{}: no NIC of this host has that address; it works as soon as one has it", this);
            }
        } catch (SocketException unknown) {
            LOG.debug("it is not known whether a NIC has {}", address, unknown);
        }
    }

    /** Setting, host and port, as in {@code metrics.listen [::1]:9750}. */
    @Override
    public String toString() {
        return setting + " " + (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
}
