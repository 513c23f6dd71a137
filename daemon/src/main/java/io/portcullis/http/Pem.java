package io.portcullis.http;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** Certificates and private keys as text (RFC 7468). No fault quotes the text. */
final class Pem {
    private static final String BEGIN = "-----BEGIN ";
    private static final String DASHES = "-----";
    private static final String CERTIFICATE = "CERTIFICATE";
    private static final String KEY = "PRIVATE KEY";

    /** What stands between a BEGIN line and its END line. */
    private record Block(String label, String content) {}

    private Pem() {}

    /**
     * The certificates of a text, at least one; other blocks and what is between the blocks are ignored.
     *
     * @param file its name, for faults
     * @throws ServerException there is none, or one can't be read
     */
    static List<X509Certificate> certificates(Path file, String text) throws ServerException {
        List<X509Certificate> certificates = new ArrayList<>();
        for (Block block : blocks(file, text)) {
            if (block.label.equals(CERTIFICATE)) {
                int number = certificates.size() + 1;
                try {
                    certificates.add((X509Certificate) CertificateFactory.getInstance("X.509")
                            .generateCertificate(new ByteArrayInputStream(bytes(file, block))));
                } catch (CertificateException unreadable) {
                    throw new ServerException(
                            file + ": certificate " + number + " of this file can't be read; is it one of X.509?",
                            unreadable);
                }
            }
        }
        if (certificates.isEmpty()) {
            throw new ServerException(
                    file + ": has no certificate: PEM is expected, with " + BEGIN + CERTIFICATE + DASHES);
        }
        return certificates;
    }

    /**
     * The private key of a text.
     *
     * @param file its name, for faults
     * @param certified the public key that it must belong to
     * @throws ServerException there is none, or more than one, it can't be read, or belongs to another public key
     */
    static PrivateKey privateKey(Path file, String text, PublicKey certified) throws ServerException {
        List<Block> keys = blocks(file, text).stream()
                .filter(block -> block.label.endsWith(KEY))
                .toList();
        if (keys.size() != 1) {
            throw new ServerException(file + ": has " + keys.size()
                    + " private keys, and must have one: PEM is expected, with " + BEGIN + KEY + DASHES);
        }
        Block block = keys.getFirst();
        if (block.label.startsWith("ENCRYPTED") || block.content.contains("ENCRYPTED")) {
            throw new ServerException(
                    file + ": is encrypted, and nobody is there to enter the passphrase: openssl pkey -in OLD -out NEW"
                            + " removes it");
        }
        if (!block.label.equals(KEY)) {
            throw new ServerException(file + ": has the old form " + BEGIN + block.label + DASHES
                    + ": openssl pkey -in OLD -out NEW" + " writes PKCS #8");
        }
        byte[] encoded = bytes(file, block);
        String kind = certified.getAlgorithm();
        try {
            PrivateKey key = KeyFactory.getInstance(kind).generatePrivate(new PKCS8EncodedKeySpec(encoded));
            if (isPair(key, certified)) {
                return key;
            }
        } catch (GeneralSecurityException other) {
            throw new ServerException(
                    file + ": is no private key that belongs to the first certificate, which has one of the kind "
                            + kind,
                    other);
        }
        throw new ServerException(
                file + ": does not belong to the first certificate; the server's own certificate comes first");
    }

    private static boolean isPair(PrivateKey key, PublicKey certified) throws GeneralSecurityException {
        byte[] text = "a text to sign".getBytes(StandardCharsets.US_ASCII);
        Signature signature = Signature.getInstance(
                switch (certified.getAlgorithm()) {
                    case "RSA" -> "SHA256withRSA";
                    case "EC" -> "SHA256withECDSA";
                    default -> certified.getAlgorithm();
                });
        signature.initSign(key);
        signature.update(text);
        byte[] signed = signature.sign();
        signature.initVerify(certified);
        signature.update(text);
        return signature.verify(signed);
    }

    private static List<Block> blocks(Path file, String text) throws ServerException {
        List<Block> blocks = new ArrayList<>();
        int from = text.indexOf(BEGIN);
        while (from >= 0) {
            int labelEnd = text.indexOf(DASHES, from + BEGIN.length());
            String label = labelEnd < 0 ? "" : text.substring(from + BEGIN.length(), labelEnd);
            int end = labelEnd < 0 ? -1 : text.indexOf("-----END " + label + DASHES, labelEnd);
            if (end < 0) {
                throw new ServerException(file + ": is cut: a " + BEGIN.strip() + " has no " + DASHES + "END");
            }
            blocks.add(new Block(label, text.substring(labelEnd + DASHES.length(), end)));
            from = text.indexOf(BEGIN, end);
        }
        return blocks;
    }

    private static byte[] bytes(Path file, Block block) throws ServerException {
        try {
            return Base64.getDecoder().decode(block.content.replaceAll("\\s", ""));
        } catch (IllegalArgumentException damaged) {
            throw new ServerException(
                    file + ": the text behind " + BEGIN + block.label + DASHES + " is not base64", damaged);
        }
    }
}
