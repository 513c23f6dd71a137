package io.portcullis.ec2.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.ConfigException;
import io.portcullis.config.Peer;
import io.portcullis.config.edit.Edit;
import io.portcullis.config.edit.Outcome;
import io.portcullis.config.edit.Permission;
import io.portcullis.config.files.SourceText;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.Proposal;
import io.portcullis.ec2.auth.Keys;
import io.portcullis.ec2.model.Account;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.Ids;
import io.portcullis.ec2.state.State;
import io.portcullis.ec2.state.StateFile;
import io.portcullis.ec2.wire.Action;
import io.portcullis.ec2.wire.ActionTable;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.ec2.wire.Form;
import io.portcullis.ec2.wire.Service;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Changes of files and state: both, or none, whatever the daemon answers. */
final class ConfigStoreTest {
    private static final String MAIN = "/etc/portcullis/portcullis.yaml";
    private static final String YAML = """
            version: 1
            interfaces:
              web0: {mode: host, nic: eth0, security-groups: [web]}
            security-groups:
              web: {ingress: []}
            """;

    private static final Edit ADD = new Edit.AddRules(
            "web", Direction.INGRESS, List.of(new Edit.Described(Permission.all(new Peer.Net(Cidr.ALL_V4)), "")));

    private static final InstallationResult DONE = new InstallationResult.Done();
    private static final InstallationResult EDITED = new InstallationResult.Edited();

    /** A daemon that answers as it is told, and has a state file to look at whenever it is asked. */
    private final class FakeInstallation implements Installation {
        private final Deque<InstallationResult> answers = new ArrayDeque<>();
        private final List<String> asked = new ArrayList<>();
        private boolean isStarted = true;
        private long number = 1;
        private List<SourceText> texts = List.of(new SourceText(MAIN, YAML));
        private List<String> faults = List.of();

        @Override
        public Optional<InForce> inForce() {
            try {
                Account account =
                        new Account("123456789012", "us-east-1", "vpc-00000000", Map.of(), new Ids("a machine"));
                return isStarted
                        ? Optional.of(new InForce(number, ConfigReader.of(texts), account, Map.of()))
                        : Optional.empty();
            } catch (ConfigException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public InstallationFiles files() {
            return faults.isEmpty() ? new InstallationFiles.Read(texts) : new InstallationFiles.Faulty(faults);
        }

        @Override
        public InstallationResult apply(List<Outcome.FileChange> changed, Call by, boolean isTrial) {
            assertEquals(texts.getFirst().yaml(), changed.getFirst().before());
            asked.add((isTrial ? "trial" : "change") + ", state "
                    + new StateFile(file).load().tags());
            InstallationResult answer = answers.removeFirst();
            if (answer.equals(DONE) && !isTrial) {
                texts = List.of(new SourceText(MAIN, changed.getFirst().after()));
                number++;
            }
            return answer;
        }
    }

    @TempDir
    Path folder;

    private Path file = Path.of("");
    private FakeInstallation installation = new FakeInstallation();
    private ConfigStore store = new ConfigStore(installation, new StateFile(file));

    @BeforeEach
    void make() {
        file = folder.resolve("state.json");
        store = new ConfigStore(installation, new StateFile(file));
    }

    private static Call call(String more) throws ApiException {
        Action action = ActionTable.find(Service.EC2, "DeleteSecurityGroup").orElseThrow();
        Form form = Form.parse("", ("GroupId=sg-00000000" + more).getBytes(StandardCharsets.UTF_8));
        return new Call(action, action.read(form), Keys.any(), "request-1");
    }

    private static Proposal tagged(Cloud now, Edit... edits) {
        State next = now.state().withTags("sg-00000000", Map.of("a", "b"));
        return new Proposal(List.of(edits), next, Fields.DONE);
    }

    private String refusal(Call call, Edit... edits) {
        ApiException refusal = assertThrows(ApiException.class, () -> store.change(call, now -> tagged(now, edits)));
        return refusal.error().code() + ": " + refusal.getMessage();
    }

    private void assertNothingChanged() {
        assertEquals(YAML, installation.texts.getFirst().yaml());
        assertEquals(State.EMPTY, new StateFile(file).load());
    }

    @Test
    void theStateIsOnTheDiskBeforeTheFilesAre() throws Exception {
        installation.answers.add(DONE);
        store.change(call(""), now -> tagged(now, ADD));
        assertEquals(List.of("change, state {sg-00000000={a=b}}"), installation.asked);
        assertEquals(1, store.now().groups().getFirst().ingress().size());
        assertEquals(
                Map.of("a", "b"),
                new ConfigStore(installation, new StateFile(file)).now().state().tags("sg-00000000"));
    }

    @Test
    void aRefusedChangeTakesTheStateBack() throws Exception {
        installation.answers.add(new InstallationResult.Refused(List.of("one", "two", "3", "4", "5", "6", "7")));
        assertEquals("OperationNotPermitted: one; two; 3; 4; 5; and 2 more", refusal(call(""), ADD));
        assertNothingChanged();
    }

    @Test
    void aFileThatSomebodyEditsMeanwhileIsReadAgain() throws Exception {
        installation.answers.addAll(List.of(EDITED, EDITED, DONE));
        List<Cloud> seen = new ArrayList<>();
        store.change(call(""), now -> {
            seen.add(now);
            return tagged(now, ADD);
        });
        assertEquals(3, seen.size());
        installation.answers.addAll(List.of(EDITED, EDITED, EDITED, EDITED, EDITED));
        installation.texts = List.of(new SourceText(MAIN, YAML));
        assertEquals("OperationNotPermitted: The configuration is being edited: try again", refusal(call(""), ADD));
        assertTrue(installation.answers.isEmpty(), "five tries");
    }

    @Test
    void aDryRunIsCheckedInFullAndChangesNothing() throws Exception {
        installation.answers.add(DONE);
        assertTrue(refusal(call("&DryRun=true"), ADD).startsWith("DryRunOperation: "));
        assertEquals(List.of("trial, state {}"), installation.asked);
        installation.answers.add(new InstallationResult.Refused(List.of("a claim is broken")));
        assertEquals("OperationNotPermitted: a claim is broken", refusal(call("&DryRun=true"), ADD));
        assertTrue(refusal(call("&DryRun=true")).startsWith("DryRunOperation: "), "of the state alone");
        assertNothingChanged();
    }

    @Test
    void faultyFilesAndEditsThatAreNotPossibleAreRefusedBeforeAnything() throws Exception {
        installation.faults = List.of("portcullis.yaml:3:1: a fault");
        assertEquals("OperationNotPermitted: portcullis.yaml:3:1: a fault", refusal(call(""), ADD));
        installation.faults = List.of();
        String refused = refusal(call(""), new Edit.RemoveGroup("web"));
        assertTrue(refused.startsWith("OperationNotPermitted: " + MAIN + ":"), refused);
        installation.isStarted = false;
        assertTrue(refusal(call(""), ADD).startsWith("Unavailable: portcullis is starting or stopping"));
        assertEquals(List.of(), installation.asked);
        assertNothingChanged();
    }

    @Test
    void aStateThatCannotBeWrittenStopsTheChange() throws Exception {
        Files.createDirectory(folder.resolve("state.json.new"));
        Files.writeString(folder.resolve("state.json.new/x"), "in the way");
        String refused = refusal(call(""), ADD);
        assertTrue(refused.startsWith("OperationNotPermitted: The state can't be written: "), refused);
        assertEquals(List.of(), installation.asked);
        assertNothingChanged();
    }

    @Test
    void theCloudIsMadeOnceForEachStateOfThings() throws Exception {
        Cloud first = store.now();
        assertSame(first, store.now());
        store.change(call(""), now -> tagged(now));
        Cloud second = store.now();
        assertNotSame(first, second);
        installation.number++;
        assertNotSame(second, store.now());
    }
}
