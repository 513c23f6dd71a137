package io.portcullis.gate;

import io.portcullis.intercept.Gate;
import io.portcullis.linux.FileFault;
import io.portcullis.linux.TrustedFolder;
import io.portcullis.linux.packet.SocketFilter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * {@code boot.tc}: a batch file for tc(8), which {@code portcullis-boot.service} loads before the network is configured: the gate of
 * each NIC. {@code tc -force} goes on where a NIC does not exist.
 */
public final class BootFile {
    private static final Pattern QDISC = Pattern.compile("qdisc replace dev (\\S+) clsact");

    /** Names that a batch file takes as one word: no blank, quote, backslash or comment sign, and no option. */
    private static final Pattern NIC = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,14}");

    private static final int LONGEST = 64 << 20;

    private final Path file;

    /** For one file; it may be missing. */
    public BootFile(Path file) {
        this.file = file;
    }

    /** True: the name is safe in a batch file, where a line may name programs to run. */
    public static boolean isSafe(String nic) {
        return NIC.matcher(nic).matches();
    }

    /**
     * The lines for some NICs, in their order.
     *
     * @throws IllegalArgumentException where a name is not {@link #isSafe}
     */
    static String text(Map<String, Gate.Filters> gates) {
        StringBuilder text = new StringBuilder("# Loaded by portcullis-boot.service; written by portcullis.\n");
        gates.forEach((nic, filters) -> {
            if (!isSafe(nic)) {
                throw new IllegalArgumentException("NIC " + nic);
            }
            text.append("qdisc replace dev ").append(nic).append(" clsact\n");
            filter(text, nic, "ingress", filters.ingress());
            filter(text, nic, "egress", filters.egress());
        });
        return text.toString();
    }

    private static void filter(StringBuilder text, String nic, String direction, SocketFilter program) {
        text.append("filter replace dev ")
                .append(nic)
                .append(' ')
                .append(direction)
                .append(" protocol all pref ")
                .append(Gate.PRIORITY)
                .append(" handle 0x")
                .append(Integer.toHexString(Gate.HANDLE))
                .append(" bpf da bytecode \"")
                .append(program.length());
        IntStream.range(0, program.length())
                .mapToLong(program::instruction)
                .forEach(instruction -> text.append(',')
                        .append(instruction & 0xffff)
                        .append(' ')
                        .append(instruction >>> 16 & 0xff)
                        .append(' ')
                        .append(instruction >>> 24 & 0xff)
                        .append(' ')
                        .append(instruction >>> 32));
        text.append("\"\n");
    }

    /** The NICs that the file has a gate for; none where there is no file. */
    public Set<String> nics() throws IOException {
        Set<String> nics = new TreeSet<>();
        read().lines().forEach(line -> {
            Matcher qdisc = QDISC.matcher(line);
            if (qdisc.matches()) {
                nics.add(qdisc.group(1));
            }
        });
        return nics;
    }

    private String read() throws IOException {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) || Files.size(file) > LONGEST) {
            return "";
        }
        return Files.readString(file, StandardCharsets.ISO_8859_1);
    }

    /**
     * Writes the file completely or not at all; nothing where it has these gates already.
     *
     * @param gates by the name of the NIC; each is {@link #isSafe}
     * @return why it is not written, for people; then the one before is still there. Empty: it is written
     */
    public Optional<String> write(Map<String, Gate.Filters> gates) {
        String text = text(gates);
        try {
            Path folder = Objects.requireNonNull(file.toAbsolutePath().getParent());
            TrustedFolder.make(folder);
            Optional<String> fault = TrustedFolder.fault(folder);
            if (fault.isEmpty() && !text.equals(read())) {
                write(folder, text.getBytes(StandardCharsets.US_ASCII));
            }
            return fault.map(why -> file + " is not written: " + why);
        } catch (IOException e) {
            return Optional.of(file + " is not written: " + FileFault.text(e));
        }
    }

    private void write(Path folder, byte[] bytes) throws IOException {
        Path fresh = folder.resolve(file.getFileName() + ".new");
        Files.deleteIfExists(fresh);
        try (FileChannel channel = FileChannel.open(
                fresh,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            ByteBuffer left = ByteBuffer.wrap(bytes);
            while (left.hasRemaining()) {
                channel.write(left);
            }
            channel.force(true);
        } catch (IOException full) {
            try {
                Files.deleteIfExists(fresh);
            } catch (IOException stays) {
                full.addSuppressed(stays);
            }
            throw full;
        }
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
