package io.portcullis.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.Timeout;
import io.portcullis.packet.Direction;
import io.portcullis.packet.IpProtocol;
import io.portcullis.packet.Tuple;
import io.portcullis.policy.Policy;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FlowFilesTest {
    private static final int WORKERS = 3;

    private static Policy policy() throws ConfigException {
        String text = """
                version: 1
                interfaces:
                  web0: {mode: bridge, outside: out0, inside: in0, addresses: [10.0.0.1/32], security-groups: [web]}
                security-groups: {web: {ingress: [{protocol: udp, from: any}]}}
                conntrack: {max-flows: 3000}
                """;
        return Policy.compile(Config.parse(text, "test.yaml"), "web0", 1, 1000);
    }

    /** Whichever of three files is damaged: the flows of the other two go on. */
    @Test
    void oneDamagedFileCostsItsOwnFlowsOnly(@TempDir Path directory)
            throws ConfigException, IOException, StartException {
        Policy policy = policy();
        for (int bad = 0; bad < WORKERS; bad++) {
            try (FlowFiles files = FlowFiles.open("web0", directory, policy, WORKERS, false)) {
                for (int flow = 0; flow < 300; flow++) {
                    Tuple tuple = new Tuple();
                    tuple.service = Tuple.service(IpProtocol.UDP, 0, 53);
                    tuple.outsideLow = flow;
                    FlowTable table = files.tables().get(flow % WORKERS);
                    long nowNs = System.nanoTime();
                    if (table.find(tuple, nowNs) == null) {
                        assertNotNull(table.insert(tuple, Direction.INGRESS, Timeout.UDP, nowNs, 1, 0, null, null));
                    }
                }
                assertTrue(size(files) >= 300);
            }
            Path file = FlowFiles.folder(directory, "web0").resolve(Integer.toString(bad));
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.write(ByteBuffer.wrap(new byte[64]), 0);
            }
            try (FlowFiles files = FlowFiles.open("web0", directory, policy, WORKERS, false)) {
                assertTrue(files.found());
                assertEquals(WORKERS, files.tables().size());
                assertEquals(200, size(files));
                assertTrue(Files.exists(directory.resolve("flows-web0-" + bad + ".aside")));
                files.delete();
            }
        }
    }

    private static int size(FlowFiles files) {
        return files.tables().stream().mapToInt(FlowTable::size).sum();
    }
}
