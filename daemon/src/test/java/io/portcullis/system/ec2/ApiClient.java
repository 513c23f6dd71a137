package io.portcullis.system.ec2;

import io.portcullis.ec2.RawClient;
import io.portcullis.ec2.auth.AwsSigner;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A client of the endpoint, for programs that run inside the host: signs with Amazon's code and keeps its connection. After a failure
 * the next call connects anew. For one thread.
 */
final class ApiClient implements AutoCloseable {
    private static final Pattern CODE = Pattern.compile("<Code>([^<]*)</Code>");
    private static final Pattern RULE_ID = Pattern.compile("<securityGroupRuleId>([^<]*)</securityGroupRuleId>");

    /** An answer, or a refusal. */
    record Answer(int status, String xml) {
        /** EC2's code of a refusal; empty: it is none. */
        String code() {
            Matcher code = CODE.matcher(xml);
            return code.find() ? code.group(1) : "";
        }

        boolean isDone() {
            return status == 200 && xml.contains("<return>true</return>");
        }

        /** In the order of the answer. */
        List<String> ruleIds() {
            return RULE_ID.matcher(xml).results().map(id -> id.group(1)).toList();
        }
    }

    private @Nullable RawClient connection;

    /** Each parameter is NAME=VALUE. An exception says nothing about whether the call was done. */
    Answer call(String action, String... parameters) throws IOException {
        String request = signed(action, parameters);
        boolean answered = false;
        try {
            RawClient open = connection;
            if (open == null) {
                open = new RawClient(server());
                connection = open;
            }
            open.send(request);
            RawClient.Answer answer = open.answer();
            answered = true;
            return new Answer(answer.status(), answer.body());
        } finally {
            if (!answered) {
                close();
            }
        }
    }

    static InetSocketAddress server() {
        URI uri = URI.create(Ec2Host.URL);
        return new InetSocketAddress(uri.getHost(), uri.getPort());
    }

    /** A call as it is sent. */
    static String signed(String action, String... parameters) {
        List<String> words = new ArrayList<>(List.of("Action=" + action, "Version=2016-11-15"));
        for (String parameter : parameters) {
            int equals = parameter.indexOf('=');
            words.add(parameter.substring(0, equals + 1)
                    + URLEncoder.encode(parameter.substring(equals + 1), StandardCharsets.UTF_8));
        }
        return RawClient.whole(new AwsSigner(Ec2Host.KEY, Ec2Host.SECRET, "us-east-1", "ec2", Instant.now())
                .sign(
                        "POST",
                        URI.create(Ec2Host.URL + "/"),
                        Map.of("Content-Type", List.of("application/x-www-form-urlencoded")),
                        String.join("&", words).getBytes(StandardCharsets.UTF_8)));
    }

    /** The parameters of a rule in a call that names it by its contents: TCP from 10.0.0.0/8. */
    static String[] rule(String group, String description, int... ports) {
        List<String> parameters = new ArrayList<>(List.of("GroupId=" + group));
        for (int i = 0; i < ports.length; i++) {
            String permission = "IpPermissions." + (i + 1) + ".";
            parameters.add(permission + "IpProtocol=tcp");
            parameters.add(permission + "FromPort=" + ports[i]);
            parameters.add(permission + "ToPort=" + ports[i]);
            parameters.add(permission + "IpRanges.1.CidrIp=10.0.0.0/8");
            if (!description.isEmpty()) {
                parameters.add(permission + "IpRanges.1.Description=" + description);
            }
        }
        return parameters.toArray(String[]::new);
    }

    @Override
    public void close() throws IOException {
        RawClient open = connection;
        connection = null;
        if (open != null) {
            open.close();
        }
    }
}
