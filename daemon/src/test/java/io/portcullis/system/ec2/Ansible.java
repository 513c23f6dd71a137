package io.portcullis.system.ec2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portcullis.system.Command;
import io.portcullis.system.Lab;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Debian's Ansible, inside the host. */
final class Ansible {
    private static final String PROGRAM = "/usr/bin/ansible-playbook";
    private static final String PYTHON = "/usr/bin/python3";
    private static final ObjectMapper JSON = new ObjectMapper();

    /** The head of a play as a user of the endpoint writes it: the modules take endpoint and region from here. */
    private static final String HEAD = """
            - hosts: localhost
              connection: local
              gather_facts: false
              vars: {ansible_python_interpreter: %s}
              module_defaults:
                group/aws: {endpoint_url: "%s", region: us-east-1}
              tasks:
            """.formatted(PYTHON, Ec2Host.URL);

    private final Lab lab;
    private final Ec2Host host;

    /** Skips the test where Debian's ansible or python3-boto3 is missing. */
    Ansible(Lab lab, Ec2Host host) {
        this.lab = lab;
        this.host = host;
    }

    static void assumeInstalled() {
        assumeTrue(Files.isExecutable(Path.of(PROGRAM)), "there is no " + PROGRAM + ": install ansible");
        assumeTrue(Command.run(PYTHON, "-c", "import boto3").exit() == 0, "Debian's python3-boto3 is not installed");
    }

    /**
     * Runs the tasks, and returns what each one reports, by its name.
     *
     * @param tasks YAML, a list that is not indented
     */
    Play play(String tasks) {
        Path book = lab.file("play.yaml", HEAD + tasks.indent(4));
        Path home = lab.folder().resolve("ansible");
        Command run = host.client(
                "env",
                "HOME=" + home,
                "ANSIBLE_HOME=" + home,
                "ANSIBLE_LOCAL_TEMP=" + home.resolve("local"),
                "ANSIBLE_REMOTE_TEMP=" + home.resolve("remote"),
                "ANSIBLE_STDOUT_CALLBACK=json",
                "LC_ALL=C.UTF-8",
                PROGRAM,
                book.toString());
        try {
            Map<String, Report> reports = new LinkedHashMap<>();
            for (JsonNode task :
                    JSON.readTree(run.output()).path("plays").path(0).path("tasks")) {
                reports.put(
                        task.path("task").path("name").asText(),
                        new Report(task.path("hosts").path("localhost")));
            }
            return new Play(reports);
        } catch (JsonProcessingException e) {
            throw new AssertionError(run + "\n" + run.out(), e);
        }
    }

    /** The reports of the tasks that were run, by name. */
    record Play(Map<String, Report> reports) {
        Report task(String name) {
            Report report = reports.get(name);
            if (report == null) {
                throw new AssertionError("the task " + name + " did not run: " + reports);
            }
            return report;
        }
    }

    /** What a task reports. */
    record Report(JsonNode json) {
        private boolean isFailed() {
            return json.path("failed").asBoolean();
        }

        Report assertChanged(boolean changed) {
            assertTrue(!isFailed(), json.toPrettyString());
            assertEquals(changed, json.path("changed").asBoolean(), json.toPrettyString());
            return this;
        }

        /** EC2's word for the error, as the module got it. */
        void assertRefused(String code) {
            assertTrue(isFailed(), json.toPrettyString());
            assertEquals(code, json.path("error").path("code").asText(), json.toPrettyString());
        }
    }
}
