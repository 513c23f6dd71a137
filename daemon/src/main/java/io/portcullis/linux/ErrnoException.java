package io.portcullis.linux;

import java.io.IOException;

/** The kernel refused a call. The message reads {@code ioctl(SIOCETHTOOL) on eth9: ENODEV (No such device)}. */
public final class ErrnoException extends IOException {
    private final int errno;

    /**
     * A refused call.
     *
     * @param call the call and its object
     * @param errno positive, as in errno(3)
     */
    public ErrnoException(String call, int errno) {
        super(call + ": " + Errno.name(errno) + " (" + Errno.text(errno) + ")");
        this.errno = errno;
    }

    /** The number, positive: {@link Errno} names it. */
    public int errno() {
        return errno;
    }

    /**
     * Converts C's result to Java's.
     *
     * @param result of a {@link Libc} call
     * @return {@code result}, if it is not negative
     * @throws ErrnoException if it is a negated errno
     */
    public static long check(long result, String call) throws ErrnoException {
        if (result < 0) {
            throw new ErrnoException(call, (int) -result);
        }
        return result;
    }
}
