package io.portcullis.ec2.auth;

import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Service;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.ResolverStyle;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Checks Signature Version 4 in the {@code Authorization} header (IAM User Guide, "AWS Signature Version 4 for API requests"). The hash of
 * the body is always computed here, so a body that is not signed is refused. The order of the checks tells a caller without the
 * secret nothing: key and signature first, then scope, then clock.
 */
public final class SignatureCheck {
    /** How far the time of a request may be from the time of this host, before or after. */
    public static final Duration MOST_DRIFT = Duration.ofMinutes(15);

    private static final String DATE = "x-amz-date";
    private static final String BODY_HASH = "x-amz-content-sha256";
    private static final Set<String> ALWAYS_SIGNED = Set.of("host", DATE);
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'", Locale.ROOT)
            .withZone(ZoneOffset.UTC)
            .withResolverStyle(ResolverStyle.STRICT);

    private final Optional<String> region;

    /** @param region the only one that a scope may have; empty: any */
    public SignatureCheck(Optional<String> region) {
        this.region = region;
    }

    /**
     * Checks a request.
     *
     * @param now the time of this host
     * @throws ApiException it is not signed, not by one of the keys, for another service or region, or too old or too new
     */
    public Caller check(SignedRequest request, Credentials credentials, Instant now) throws ApiException {
        Authorization authorization = Authorization.of(request);
        List<String> dates = request.values(DATE);
        String date = dates.size() == 1 ? CanonicalRequest.value(dates.getFirst()) : "";
        String bodyHash = hash(request.body());
        Optional<String> canonical = CanonicalRequest.of(request, authorization.signedHeaders(), bodyHash);
        Optional<AccessKey> known = credentials.find(authorization.keyId());
        AccessKey key = known.orElse(credentials.nobody());
        byte[] signature = key.sign(authorization, stringToSign(authorization, date, canonical.orElse("")));
        boolean isRight = MessageDigest.isEqual(
                HexFormat.of().formatHex(signature).getBytes(StandardCharsets.US_ASCII),
                authorization.signature().getBytes(StandardCharsets.US_ASCII));
        boolean isWhole = authorization.signedHeaders().containsAll(ALWAYS_SIGNED)
                && request.values("host").size() == 1
                && date.startsWith(authorization.day())
                && request.values(BODY_HASH).stream().allMatch(bodyHash::equals);
        if (!isRight || !isWhole || known.isEmpty() || canonical.isEmpty()) {
            throw ApiError.AUTH_FAILURE.of();
        }
        Service service = service(authorization);
        checkClock(date, now);
        return new Caller(key, service);
    }

    /** The service that a request seems to be for, in order to answer in its form. */
    public static Service claimed(SignedRequest request) {
        return request.values("authorization").stream()
                        .anyMatch(header -> header.contains("/" + Service.STS.scope() + "/" + Authorization.TERMINATOR))
                ? Service.STS
                : Service.EC2;
    }

    private Service service(Authorization authorization) throws ApiException {
        if (region.isPresent() && !region.get().equals(authorization.region())) {
            throw ApiError.WRONG_SCOPE.of("the region " + region.get(), authorization.region());
        }
        Optional<Service> service = Service.ofScope(authorization.service());
        if (service.isEmpty()) {
            throw ApiError.WRONG_SCOPE.of("the service ec2 or sts", authorization.service());
        }
        return service.get();
    }

    private static void checkClock(String date, Instant now) throws ApiException {
        Instant signed;
        try {
            signed = TIME.parse(date, Instant::from);
        } catch (DateTimeException e) {
            throw ApiError.AUTH_FAILURE.of();
        }
        if (signed.isBefore(now.minus(MOST_DRIFT))) {
            throw ApiError.REQUEST_EXPIRED.of();
        }
        // The caller's clock is wrong: the request would be valid for longer than it may.
        if (signed.isAfter(now.plus(MOST_DRIFT))) {
            throw ApiError.AUTH_FAILURE.of();
        }
    }

    static String stringToSign(Authorization authorization, String date, String canonicalRequest) {
        return Authorization.ALGORITHM + "\n" + date + "\n" + authorization.scope() + "\n"
                + hash(canonicalRequest.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** SHA-256, hexadecimal. */
    static String hash(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
