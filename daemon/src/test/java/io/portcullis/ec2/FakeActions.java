package io.portcullis.ec2;

import io.portcullis.ec2.auth.AwsSigner;
import io.portcullis.ec2.auth.Credentials;
import io.portcullis.ec2.auth.CredentialsFile;
import io.portcullis.ec2.auth.SignedRequest;
import io.portcullis.ec2.wire.Action;
import io.portcullis.ec2.wire.ActionTable;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.ec2.wire.Filters;
import io.portcullis.ec2.wire.Pages;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Function;

/** An endpoint with a few groups in memory, its keys, and a signer for it. */
final class FakeActions {
    static final Instant NOW = Instant.parse("2026-11-30T12:00:00Z");
    static final String SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    /** Names of groups, in order. */
    final List<String> groups = new ArrayList<>(List.of("db", "default", "web"));

    private final Pages pages = new Pages();

    /** An endpoint at the time {@link #NOW}. */
    Endpoint endpoint(Path folder, Executor executor) throws Exception {
        Credentials keys = keys(folder);
        return new Endpoint(Optional.empty(), () -> keys, handlers(), () -> NOW, executor);
    }

    static Credentials keys(Path folder) throws Exception {
        Path file = folder.resolve("credentials");
        Files.writeString(file, """
                [default]
                aws_access_key_id = AKIATEST
                aws_secret_access_key = %s
                [look]
                aws_access_key_id = AKIALOOK
                aws_secret_access_key = %s
                read-only = true
                """.formatted(SECRET, SECRET));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        return CredentialsFile.read(file, Optional.empty());
    }

    static SignedRequest signed(String key, String service, String method, String query, String body)
            throws IOException {
        return new AwsSigner(key, SECRET, "us-east-1", service, NOW)
                .sign(
                        method,
                        URI.create("http://127.0.0.1:9751/" + query),
                        Map.of("Content-Type", List.of("application/x-www-form-urlencoded")),
                        body.getBytes(StandardCharsets.UTF_8));
    }

    /** Handlers of three actions; all others of the table answer nothing, or that they are done. */
    Map<String, ActionHandler> handlers() {
        Map<String, ActionHandler> handlers = new HashMap<>();
        for (Action action : ActionTable.all()) {
            handlers.put(action.name(), call -> {
                call.endDryRun();
                return Fields.NONE;
            });
        }
        handlers.put("DescribeSecurityGroups", this::describe);
        handlers.put("CreateSecurityGroup", this::create);
        handlers.put(
                "GetCallerIdentity",
                call -> new Fields.Builder()
                        .with("UserId", call.by().id())
                        .with("Account", "123456789012")
                        .with(
                                "Arn",
                                "arn:aws:iam::123456789012:user/" + call.by().id())
                        .build());
        handlers.remove("DescribeVpcs");
        handlers.put("DescribeRegions", _ -> {
            throw new IllegalStateException("a defect");
        });
        return handlers;
    }

    private Fields describe(Call call) throws ApiException {
        Filters filters = Filters.of(call.arguments(), Set.of("group-name", Filters.TAG));
        List<String> wanted = call.arguments().strings("GroupName");
        for (String name : wanted) {
            if (!groups.contains(name)) {
                throw ApiError.GROUP_NOT_FOUND.of(name);
            }
        }
        List<String> found = groups.stream()
                .filter(name -> wanted.isEmpty() || wanted.contains(name))
                .filter(name -> filters.pass(filter -> filter.equals("group-name") ? List.of(name) : List.of()))
                .toList();
        Pages.Page<String> page = pages.page(call.action(), call.arguments(), found, Function.identity());
        return new Fields.Builder()
                .with(
                        "securityGroupInfo",
                        page.items().stream()
                                .map(name -> new Fields.Builder()
                                        .with("groupName", name)
                                        .with("ipPermissions", List.of())
                                        .build())
                                .toList())
                .with("nextToken", page.next())
                .build();
    }

    private Fields create(Call call) throws ApiException {
        String name = call.arguments().required("GroupName");
        if (groups.contains(name)) {
            throw ApiError.GROUP_DUPLICATE.of(name, "vpc-1");
        }
        call.endDryRun();
        groups.add(name);
        return new Fields.Builder().with("groupId", "sg-1").build();
    }
}
