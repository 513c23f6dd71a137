package io.portcullis.system.ec2;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A guarded host of the lab whose daemon has the EC2 endpoint open, and the calls of its clients. */
final class Ec2Host implements AutoCloseable {
    static final String KEY = "AKIATEST";
    static final String SECRET = "a-secret-of-forty-letters-and-digits-123";

    /** The endpoint, inside the host. */
    static final String URL = "http://127.0.0.1:9751";

    private final Lab lab;
    private final Path keys;
    private DaemonProcess daemon;

    /** Starts the daemon and waits until the endpoint answers. In the rules, {@code @KEYS@} is the path of the credentials file. */
    Ec2Host(Lab lab, String rules) {
        this.lab = lab;
        keys = lab.file(
                "ec2-credentials",
                "[default]\naws_access_key_id = " + KEY + "\naws_secret_access_key = " + SECRET + "\n");
        try {
            Files.setPosixFilePermissions(keys, PosixFilePermissions.fromString("rw-------"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        daemon = lab.daemon(rules.replace("@KEYS@", keys.toString()));
        awaitEndpoint();
    }

    private void awaitEndpoint() {
        Lab.await("the endpoint", () -> call("DescribeRegions").contains("<requestId>"));
    }

    /** Starts another daemon with the same files after this one has ended, and waits as at first. */
    DaemonProcess again() {
        daemon = daemon.again();
        awaitEndpoint();
        return daemon;
    }

    DaemonProcess daemon() {
        return daemon;
    }

    /** The rule file as it is now. */
    String file() {
        return Lab.read(daemon.config());
    }

    /** Runs a client of EC2 inside the host: endpoint, region and keys are in its environment. */
    Command client(String... words) {
        List<String> all = new ArrayList<>(List.of("env"));
        all.addAll(environment());
        all.addAll(Arrays.asList(words));
        return lab.firewall(all.toArray(String[]::new));
    }

    /** For clients of EC2, as NAME=VALUE. */
    List<String> environment() {
        return List.of(
                "AWS_SHARED_CREDENTIALS_FILE=" + keys,
                "AWS_CONFIG_FILE=/dev/null",
                "AWS_DEFAULT_REGION=us-east-1",
                "AWS_REGION=us-east-1",
                "AWS_ENDPOINT_URL=" + URL,
                "AWS_EC2_METADATA_DISABLED=true",
                "AWS_PAGER=");
    }

    /** The answer to a call that curl(1) signs, or the error. Each parameter is NAME=VALUE. */
    String call(String action, String... parameters) {
        return callAs(KEY + ":" + SECRET, action, parameters);
    }

    String callAs(String key, String action, String... parameters) {
        List<String> words = new ArrayList<>(List.of(
                "curl",
                "-s",
                "-m",
                "20",
                "--aws-sigv4",
                "aws:amz:us-east-1:ec2",
                "--user",
                key,
                URL + "/",
                "-d",
                "Action=" + action,
                "-d",
                "Version=2016-11-15"));
        for (String parameter : parameters) {
            words.add("--data-urlencode");
            words.add(parameter);
        }
        return lab.firewall(words.toArray(String[]::new)).output();
    }

    @Override
    public void close() {
        daemon.close();
    }
}
