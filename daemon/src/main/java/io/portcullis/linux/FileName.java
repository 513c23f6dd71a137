package io.portcullis.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** File names for arbitrary texts: an interface's name, another file's path. */
public final class FileName {
    /** Bytes; the rest of the 255 bytes of a name (NAME_MAX, linux/limits.h) is for prefixes and suffixes. */
    private static final int LONGEST = 180;

    private static final int KEPT = 120;

    private FileName() {}

    /**
     * The file name for a text: ASCII letters, digits, {@code _} and {@code -} unchanged, each other byte of its UTF-8 as
     * {@code %XX}. A long name is cut, and {@code ~} and a hash of the whole text follow. No two texts have the same name, and no
     * name contains a dot: a suffix may begin with one.
     *
     * @return 1 to 180 bytes; {@code ~} for an empty text
     */
    public static String of(String text) {
        if (text.isEmpty()) {
            return "~";
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        StringBuilder name = new StringBuilder(bytes.length);
        for (byte b : bytes) {
            if (isPlain((char) b)) {
                name.append((char) b);
            } else {
                name.append('%').append(HexFormat.of().withUpperCase().toHexDigits(b));
            }
        }
        return name.length() <= LONGEST
                ? name.toString()
                : name.substring(0, KEPT) + "~" + sha256(bytes).substring(0, 32);
    }

    private static boolean isPlain(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-';
    }

    /** SHA-256 of bytes, as 64 hexadecimal digits. */
    public static String sha256(byte[] bytes) {
        return HexFormat.of().formatHex(sha256().digest(bytes));
    }

    /** As {@link #sha256(byte[])}, of a text as UTF-8. */
    public static String sha256(String text) {
        MessageDigest digest = sha256();
        try {
            DurableFile.encode(text, digest::update);
        } catch (IOException never) {
            throw new UncheckedIOException("a digest is no file", never);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException missing) {
            throw new IllegalStateException("every JDK has SHA-256 (java.security.MessageDigest)", missing);
        }
    }
}
