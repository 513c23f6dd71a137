package io.portcullis.port;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.Nics;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.pcap4j.core.NotOpenException;
import org.pcap4j.core.PcapHandle;
import org.pcap4j.core.PcapHandle.PcapDirection;
import org.pcap4j.core.PcapNativeException;
import org.pcap4j.core.PcapNetworkInterface.PromiscuousMode;
import org.pcap4j.core.RawPacketListener;

/** A veth pair in this network namespace: the port at one end, a libpcap handle of the test at the other. */
public final class VethWire implements PortContract.Wire {
    private static final int FAR_BUFFER_LENGTH = 64 << 20;

    /** Opens the port of a NIC. */
    @FunctionalInterface
    public interface Opener {
        Port open(String nic) throws PortException;
    }

    private final String near;
    private final String far;
    private final int mtuLength;
    private final String features;
    private final Queue<byte[]> fromPort = new ConcurrentLinkedQueue<>();
    private final Port port;
    private PcapHandle test;
    private Thread listener;

    private VethWire(String features, int number, int mtuLength, Opener opener) throws Exception {
        this.near = "near" + number;
        this.far = "far" + number;
        this.mtuLength = mtuLength;
        this.features = features;
        plug();
        this.test = listening();
        this.listener = listen(test);
        this.port = opener.open(near);
        PortContract.await("carrier", () -> port.state().equals(PortState.FORWARDING));
    }

    /** A wire whose ends keep veth's default offloads. */
    public static VethWire withOffloads(int number, int mtuLength, Opener opener) throws Exception {
        return new VethWire("", number, mtuLength, opener);
    }

    /**
     * A wire whose ends have some offloads switched off.
     *
     * @param features as {@code ethtool -K} takes them, such as {@code gro off}
     */
    public static VethWire without(String features, int number, int mtuLength, Opener opener) throws Exception {
        return new VethWire(features, number, mtuLength, opener);
    }

    /** Name of the test's end. */
    public String far() {
        return far;
    }

    private void plug(String... more) throws Exception {
        List<String> words = new ArrayList<>(List.of("link", "add", near));
        words.addAll(List.of(more));
        words.addAll(List.of("mtu", "" + mtuLength, "type", "veth", "peer", "name", far, "mtu", "" + mtuLength));
        ip(words.toArray(String[]::new));
        for (String end : new String[] {near, far}) {
            if (!features.isEmpty()) {
                run(("ethtool -K " + end + " " + features).split(" ", -1));
            }
            ip("link", "set", end, "up");
        }
        PortContract.await("carrier", () -> hasCarrier(near) && hasCarrier(far));
    }

    private static boolean hasCarrier(String nic) {
        try {
            return Nics.find(nic).filter(found -> found.up() && found.carrier()).isPresent();
        } catch (ErrnoException refused) {
            throw new AssertionError(refused);
        }
    }

    private PcapHandle listening() throws PcapNativeException {
        return new PcapHandle.Builder(far)
                .snaplen(262_144)
                .promiscuousMode(PromiscuousMode.PROMISCUOUS)
                .immediateMode(true)
                .timeoutMillis(100)
                .bufferSize(FAR_BUFFER_LENGTH)
                .direction(PcapDirection.IN)
                .build();
    }

    private Thread listen(PcapHandle handle) {
        return Thread.ofPlatform().daemon().name("test-" + far).start(() -> {
            try {
                handle.loop(-1, (RawPacketListener) fromPort::add);
            } catch (PcapNativeException | NotOpenException | InterruptedException ended) {
                // The handle also fails when the NIC is removed, which is no fault: missing frames then fail the test.
                System.out.println(far + ": " + ended);
            }
        });
    }

    private void unplug() throws Exception {
        if (Nics.find(near).isPresent()) {
            ip("link", "delete", near);
        }
        listener.join();
        test.close();
    }

    @Override
    public Port port() {
        return port;
    }

    @Override
    public void toPort(byte[] frame) throws Exception {
        test.sendPacket(frame);
    }

    @Override
    public Queue<byte[]> fromPort() {
        return fromPort;
    }

    @Override
    public void down() throws Exception {
        ip("link", "set", near, "down");
    }

    @Override
    public void up() throws Exception {
        ip("link", "set", near, "up");
        PortContract.await("carrier", () -> hasCarrier(near) && hasCarrier(far));
    }

    @Override
    public void vanish() throws Exception {
        unplug();
    }

    @Override
    public void comeBack() throws Exception {
        plug();
        test = listening();
        listener = listen(test);
    }

    /** Removes the NIC and makes one with its name and index as fast as possible. */
    public void replaceWithTheSameIndex() throws Exception {
        int index = Nics.named(near).index();
        unplug();
        plug("index", "" + index);
        assertEquals(index, Nics.named(near).index());
        test = listening();
        listener = listen(test);
    }

    /** Moves the NIC to another network namespace and back as fast as possible; its index is unused there. */
    public void leaveAndReturn() throws Exception {
        int index = Nics.named(near).index();
        Process other = new ProcessBuilder("unshare", "--net", "sh", "-c", "echo ready; exec sleep 60").start();
        try {
            assertEquals("ready", other.inputReader().readLine());
            ip("link", "set", near, "netns", "" + other.pid());
            run(
                    "nsenter",
                    "--net",
                    "--target",
                    "" + other.pid(),
                    "ip",
                    "link",
                    "set",
                    near,
                    "netns",
                    "" + ProcessHandle.current().pid());
        } finally {
            other.destroyForcibly().waitFor();
        }
        assertEquals(index, Nics.named(near).index());
        up();
    }

    @Override
    public void remove() throws Exception {
        unplug();
    }

    /** Runs {@code ip} here. */
    public static void ip(String... arguments) throws Exception {
        run(Stream.concat(Stream.of("ip"), Stream.of(arguments)).toArray(String[]::new));
    }

    /** Runs a command here. */
    public static void run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), String.join(" ", command) + ": " + output);
    }
}
