package io.portcullis.linux;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;

/** Who is logged in from another host: utmp(5), as glibc writes it. */
public final class Logins {
    private static final Path UTMP = Path.of("/var/run/utmp");
    private static final int USER_PROCESS = 7;
    private static final int PID = 4;

    /** struct utmp: 384 bytes on x86-64, where its times have 32 bits so that 32-bit programs can share it; else 400. */
    private static final boolean SHORT_TIMES = !System.getProperty("os.arch").equals("aarch64");

    private static final int LENGTH = SHORT_TIMES ? 384 : 400;
    private static final int ADDRESS = SHORT_TIMES ? 348 : 360;

    private Logins() {}

    /** The addresses that people are logged in from, those of processes that still live; none where nobody keeps a book. */
    public static Set<InetAddress> remoteAddresses() throws IOException {
        try {
            return remoteAddresses(Files.readAllBytes(UTMP));
        } catch (NoSuchFileException absent) {
            return Set.of();
        }
    }

    static Set<InetAddress> remoteAddresses(byte[] utmp) {
        Set<InetAddress> addresses = new LinkedHashSet<>();
        ByteBuffer book = ByteBuffer.wrap(utmp).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at + LENGTH <= utmp.length; at += LENGTH) {
            boolean lives = book.getShort(at) == USER_PROCESS
                    && ProcessHandle.of(book.getInt(at + PID)).isPresent();
            byte[] address = Arrays.copyOfRange(utmp, at + ADDRESS, at + ADDRESS + 16);
            boolean isV4 = isZero(address, 4);
            if (lives && !(isV4 && isZero(address, 0))) {
                addresses.add(inet(isV4 ? Arrays.copyOf(address, 4) : address));
            }
        }
        return addresses;
    }

    private static boolean isZero(byte[] bytes, int from) {
        for (int i = from; i < bytes.length; i++) {
            if (bytes[i] != 0) {
                return false;
            }
        }
        return true;
    }

    private static InetAddress inet(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException impossible) {
            throw new AssertionError("an address of " + bytes.length + " bytes", impossible);
        }
    }
}
