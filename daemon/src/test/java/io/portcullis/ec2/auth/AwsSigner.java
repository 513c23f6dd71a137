package io.portcullis.ec2.auth;

import java.io.ByteArrayInputStream;
import java.net.URI;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.http.auth.spi.signer.HttpSigner;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;

/**
 * Signs as Amazon's own SDK does, with its code. It always signs {@code x-amz-content-sha256}.
 *
 * @param service of the scope
 */
public record AwsSigner(String keyId, String secret, String region, String service, Instant now) {
    private static final AwsV4HttpSigner SIGNER = AwsV4HttpSigner.create();

    /**
     * Signs a request.
     *
     * @param uri with a query that is encoded
     * @param headers further ones, each with its values
     */
    public SignedRequest sign(String method, URI uri, Map<String, List<String>> headers, byte[] body) {
        SdkHttpRequest.Builder request =
                SdkHttpRequest.builder().method(SdkHttpMethod.valueOf(method)).uri(uri);
        headers.forEach(request::putHeader);
        SdkHttpRequest signed = SIGNER.sign(sign -> sign.identity(AwsCredentialsIdentity.create(keyId, secret))
                        .request(request.build())
                        .payload(() -> new ByteArrayInputStream(body))
                        .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, service)
                        .putProperty(AwsV4HttpSigner.REGION_NAME, region)
                        .putProperty(HttpSigner.SIGNING_CLOCK, Clock.fixed(now, ZoneOffset.UTC)))
                .request();
        List<Map.Entry<String, String>> all = new ArrayList<>();
        signed.headers().forEach((name, values) -> values.forEach(value -> all.add(Map.entry(name, value))));
        String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
        return new SignedRequest(method, (uri.getRawPath().isEmpty() ? "/" : uri.getRawPath()) + query, all, body);
    }
}
