package io.portcullis.linux;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Names of files that stand for any text: an interface's name, another file's path. */
public final class FileName {
    /** Of the 255 bytes that a name may have (NAME_MAX, linux/limits.h) the others are left for what goes round it. */
    private static final int LONGEST = 180;

    private static final int KEPT = 120;

    private FileName() {}

    /**
     * The file name that stands for a text: ASCII letters, digits, {@code _} and {@code -} as they are, each other byte of its
     * UTF-8 as {@code %XX}; what would be long is cut, and {@code ~} and a hash of the whole follow. No two texts have the same
     * name, and none has a dot in it: whatever begins with one may follow.
     *
     * @return 1 to 180 bytes; of an empty text {@code ~}
     */
    public static String of(String text) {
        if (text.isEmpty()) {
            return "~";
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        StringBuilder name = new StringBuilder(bytes.length);
        for (byte each : bytes) {
            if (isPlain((char) each)) {
                name.append((char) each);
            } else {
                name.append('%').append(HexFormat.of().withUpperCase().toHexDigits(each));
            }
        }
        return name.length() <= LONGEST
                ? name.toString()
                : name.substring(0, KEPT) + "~" + sha256(bytes).substring(0, 32);
    }

    private static boolean isPlain(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-';
    }

    /** SHA-256 of some bytes, in 64 hexadecimal digits. */
    public static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException missing) {
            throw new IllegalStateException("every JDK has SHA-256 (java.security.MessageDigest)", missing);
        }
    }
}
