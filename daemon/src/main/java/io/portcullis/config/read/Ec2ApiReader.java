package io.portcullis.config.read;

import io.portcullis.config.Ec2Api;
import io.portcullis.config.Ec2Api.Kind;
import io.portcullis.config.Ec2Api.Tls;
import io.portcullis.config.yaml.Fields;
import io.portcullis.config.yaml.Value;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads the settings of the EC2 endpoint. */
final class Ec2ApiReader {
    static final List<String> KEYS =
            List.of("listen", "credentials", "account", "region", "vpc-id", "subnet-ids", "rate", "tls");

    private static final String CERT = "/etc/portcullis/ec2.crt";
    private static final String KEY = "/etc/portcullis/ec2.key";

    private final IdReader ids;
    private final References references;

    Ec2ApiReader(IdReader ids, References references) {
        this.ids = ids;
        this.references = references;
    }

    /** {@code ec2-api}. */
    Ec2Api read(Fields fields) {
        Ec2Api standard = Ec2Api.STANDARD;
        @Nullable Tls tls = fields.get("tls").flatMap(Ec2ApiReader::tls).orElse(null);
        ListenAddress listen = fields.get("listen")
                .flatMap(value -> listen(value, fields.get("tls").isPresent()))
                .orElse(new ListenAddress(standard.host(), standard.port()));
        // A faulty tls leaves a valid address without it.
        boolean isOpen = tls == null && !Ec2Api.isLoopback(listen.host());
        return new Ec2Api(
                isOpen ? standard.host() : listen.host(),
                listen.port(),
                fields.get("credentials")
                        .flatMap(value -> SettingsReader.path(value, Ec2Api.CREDENTIALS.toString()))
                        .orElse(null),
                fields.get("account").flatMap(Ec2ApiReader::account).orElse(null),
                fields.get("region").flatMap(Ec2ApiReader::region).orElse(null),
                fields.get("vpc-id")
                        .map(value -> ids.id(value, Kind.VPC, "vpc-id"))
                        .orElse(null),
                fields.get("subnet-ids").map(this::subnets).orElse(Map.of()),
                fields.get("rate")
                        .flatMap(value ->
                                value.number("the number of calls a second,", Ec2Api.LEAST_RATE, Ec2Api.MOST_RATE))
                        .map(Long::intValue)
                        .orElse(standard.rate()),
                tls);
    }

    private static Optional<ListenAddress> listen(Value value, boolean hasTls) {
        Optional<ListenAddress> listen = ListenAddress.read(value, Ec2Api.STANDARD.port());
        if (listen.isPresent() && !hasTls && !Ec2Api.isLoopback(listen.get().host())) {
            value.error("not a loopback address, where others can read and change what is sent: add tls: {cert: " + CERT
                    + ", key: " + KEY + "}, or write 127.0.0.1:" + listen.get().port());
        }
        return listen;
    }

    private static Optional<Tls> tls(Value value) {
        if (value.map("a map such as {cert: " + CERT + ", key: " + KEY + "}").isEmpty()) {
            return Optional.empty();
        }
        Fields fields = value.fields(List.of("cert", "key"));
        Optional<Path> cert = file(value, fields, "cert", "the certificate", CERT);
        Optional<Path> key = file(value, fields, "key", "its private key", KEY);
        return cert.isPresent() && key.isPresent() ? Optional.of(new Tls(cert.get(), key.get())) : Optional.empty();
    }

    private static Optional<Path> file(Value tls, Fields fields, String key, String what, String example) {
        Optional<Value> value = fields.get(key);
        if (value.isEmpty()) {
            tls.errorAtKey(key + " is missing: write the absolute path of " + what + ", such as " + example);
        }
        return value.flatMap(path -> SettingsReader.path(path, example));
    }

    private static Optional<String> account(Value value) {
        String expected = "12 digits, such as 123456789012";
        Optional<String> account = value.text(expected);
        if (account.isPresent() && !Ec2Api.isAccount(account.get())) {
            value.error("must be " + expected);
            return Optional.empty();
        }
        return account;
    }

    private static Optional<String> region(Value value) {
        String expected = "the name of a region, such as us-east-1";
        Optional<String> region = value.text(expected);
        if (region.isPresent() && !Ec2Api.isRegion(region.get())) {
            value.error("must be " + expected
                    + ": 1 to 64 of the letters a to z, digits and dashes, a letter first and no dash last");
            return Optional.empty();
        }
        return region;
    }

    private Map<String, String> subnets(Value map) {
        Map<String, String> subnets = new LinkedHashMap<>();
        for (Value value : Fields.named(List.of(map)).all()) {
            references.toInterfaceInKey(value);
            @Nullable String id = value.isNull() ? null : ids.id(value, Kind.SUBNET, value.key());
            if (id != null) {
                subnets.put(value.key(), id);
            }
        }
        return subnets;
    }
}
