package io.portcullis.intercept;

import io.portcullis.linux.netlink.Nic;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import java.util.zip.CRC32;

/** Names of virtual NICs after an interface, whose own name may be longer than a NIC's and have letters of any script. */
final class PairName {
    private static final int SHORTENED = 4;

    private static final Pattern ONE = Pattern.compile("pc[hdop]-.+");

    private PairName() {}

    /** True: it is formed like one of ours. That is no proof. */
    static boolean isOne(String nic) {
        return ONE.matcher(nic).matches();
    }

    /**
     * {@code pch-web0}; where that is too long or has letters that scripts trip over, the beginning of it and a checksum.
     *
     * @param prefix three letters
     */
    static String of(String prefix, String interfaceName) {
        String whole = prefix + "-" + interfaceName;
        String plain = interfaceName.replaceAll("[^A-Za-z0-9_.-]", "");
        if (plain.equals(interfaceName) && whole.length() <= Nic.NAME_LENGTH) {
            return whole;
        }
        CRC32 checksum = new CRC32();
        checksum.update(interfaceName.getBytes(StandardCharsets.UTF_8));
        String end = String.format("%07x", checksum.getValue() & 0xfff_ffffL);
        return prefix + "-" + plain.substring(0, Math.min(plain.length(), SHORTENED)) + end;
    }
}
