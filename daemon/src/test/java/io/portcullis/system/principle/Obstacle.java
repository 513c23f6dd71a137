package io.portcullis.system.principle;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import io.portcullis.system.Programs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** An obstacle in a daemon's way, for a while. Each object is used once. */
sealed interface Obstacle {
    /** When it may appear. */
    enum When {
        BEFORE_A_START,
        WHILE_IT_RUNS,
        EITHER
    }

    default When when() {
        return When.EITHER;
    }

    void put(Scene scene);

    /** Removes it, unless it ends by itself. */
    void remove(Scene scene);

    /** True if the NIC of the configuration exists all the time. */
    default boolean leavesTheNic() {
        return true;
    }

    /** True if it changes that NIC, which has to exist for it. One of these at a time. */
    default boolean takesTheNic() {
        return !leavesTheNic();
    }

    /** One of each kind. */
    static List<Obstacle> all(Random random) {
        return List.of(
                new MetricsPortTaken(),
                new FullRun(),
                new NotesHarmed(Harm.values()[random.nextInt(Harm.values().length)]),
                new TablesDamaged(random.nextLong()),
                new NicGone(),
                new NicElsewhere(),
                new NicRenamed(),
                new MacChanged(),
                new ForeignProgram(),
                new FaultyFile(),
                new HeldByNobody(),
                new KilledStart(random.nextInt(2_000)));
    }

    final class MetricsPortTaken implements Obstacle {
        private final List<Process> taken = new ArrayList<>();

        @Override
        public String toString() {
            return "MetricsPortTaken";
        }

        @Override
        public When when() {
            return When.BEFORE_A_START;
        }

        @Override
        public void put(Scene scene) {
            Lab lab = scene.lab();
            taken.add(lab.start("fw", lab.file("taken", ""), "nc", "-lk", "127.0.0.1", "9750"));
            Lab.await("nc", () -> lab.firewall("nc", "-z", "127.0.0.1", "9750").exit() == 0);
        }

        @Override
        public void remove(Scene scene) {
            taken.forEach(Process::destroyForcibly);
        }
    }

    record FullRun() implements Obstacle {
        @Override
        public void put(Scene scene) {
            scene.lab().firewall("dd", "if=/dev/zero", "of=" + file(scene), "bs=4096");
        }

        @Override
        public void remove(Scene scene) {
            delete(file(scene));
        }

        private static Path file(Scene scene) {
            return scene.home().runtime().resolve("full");
        }
    }

    record NotesHarmed(Harm harm) implements Obstacle {
        @Override
        public void put(Scene scene) {
            if (Files.exists(scene.home().state())) {
                harm.to(scene.home());
            }
        }

        @Override
        public void remove(Scene scene) {
            // The daemon writes them again.
        }
    }

    /** A byte of each flow table differs. */
    record TablesDamaged(long where) implements Obstacle {
        @Override
        public When when() {
            return When.BEFORE_A_START;
        }

        @Override
        public void put(Scene scene) {
            Path table = scene.home().socket().resolveSibling("flows-web0").resolve("0");
            if (!Files.exists(table)) {
                return;
            }
            try (FileChannel channel = FileChannel.open(table, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                long at = Math.floorMod(where, Math.max(1, Math.min(channel.size(), 4096)));
                ByteBuffer one = ByteBuffer.allocate(1);
                channel.read(one, at);
                channel.write(one.put(0, (byte) ~one.get(0)).flip(), at);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void remove(Scene scene) {
            // Damaged tables are moved aside.
        }
    }

    record NicGone() implements Obstacle {
        @Override
        public boolean leavesTheNic() {
            return false;
        }

        @Override
        public void put(Scene scene) {
            scene.open();
            scene.lab().removeHostNic();
        }

        @Override
        public void remove(Scene scene) {
            scene.lab().makeHostNic();
        }
    }

    /** Moved into another network namespace, with its index. */
    record NicElsewhere() implements Obstacle {
        @Override
        public boolean leavesTheNic() {
            return false;
        }

        @Override
        public void put(Scene scene) {
            scene.open();
            move(scene.lab(), "fw", "server-end");
        }

        @Override
        public void remove(Scene scene) {
            move(scene.lab(), "server-end", "fw");
            scene.lab().addressHost();
        }

        private static void move(Lab lab, String from, String to) {
            Command.run("ip", "-n", namespace(lab, from), "link", "set", "out0", "netns", namespace(lab, to))
                    .ok();
        }

        private static String namespace(Lab lab, String end) {
            return lab.namespace(end.equals("fw") ? "fw" : "server");
        }
    }

    record NicRenamed() implements Obstacle {
        @Override
        public boolean leavesTheNic() {
            return false;
        }

        @Override
        public void put(Scene scene) {
            rename(scene.lab(), "out0", "lan0");
        }

        @Override
        public void remove(Scene scene) {
            rename(scene.lab(), "lan0", "out0");
            scene.lab().addressHost();
        }

        private static void rename(Lab lab, String from, String to) {
            lab.sh(
                            "fw",
                            "ip link set " + from + " down && ip link set " + from + " name " + to + " && ip link set "
                                    + to + " up")
                    .ok();
        }
    }

    record MacChanged() implements Obstacle {
        @Override
        public boolean takesTheNic() {
            return true;
        }

        @Override
        public void put(Scene scene) {
            change(scene.lab(), "02:00:5e:00:53:01");
        }

        @Override
        public void remove(Scene scene) {
            change(scene.lab(), "02:00:5e:00:53:02");
        }

        private static void change(Lab lab, String to) {
            lab.sh("fw", "ip link set out0 down && ip link set out0 address " + to + " && ip link set out0 up")
                    .ok();
            lab.addressHost();
            lab.client("ip", "neigh", "flush", "all").ok();
        }
    }

    /** It runs first and drops all frames: nothing passes, and /healthz has to say so. */
    final class ForeignProgram implements Obstacle {
        private String number = "";

        @Override
        public String toString() {
            return "ForeignProgram";
        }

        @Override
        public When when() {
            return When.WHILE_IT_RUNS;
        }

        @Override
        public boolean takesTheNic() {
            return true;
        }

        @Override
        public void put(Scene scene) {
            number = scene.lab().java("fw", Programs.class, "stop", "out0").ok().out();
        }

        @Override
        public void remove(Scene scene) {
            scene.lab().java("fw", Programs.class, "remove", "out0", number).ok();
        }
    }

    record FaultyFile() implements Obstacle {
        @Override
        public void put(Scene scene) {
            scene.home().write(scene.rules().replace("tcp", "tpc"));
        }

        @Override
        public void remove(Scene scene) {
            scene.home().write(scene.rules());
        }
    }

    /** An unprivileged user holds all the locks and names that are possible. */
    final class HeldByNobody implements Obstacle {
        private final List<Process> holders = new ArrayList<>();

        @Override
        public String toString() {
            return "HeldByNobody";
        }

        @Override
        public void put(Scene scene) {
            holders.add(UnprivilegedUserTest.nobody(scene.lab(), "claims", UnprivilegedUserTest.CLAIMS));
            holders.add(UnprivilegedUserTest.nobody(
                    scene.lab(),
                    "locks",
                    UnprivilegedUserTest.LOCKS,
                    scene.home().folder().toString()));
        }

        @Override
        public void remove(Scene scene) {
            holders.forEach(Process::destroyForcibly);
        }
    }

    /** An earlier start was killed, that many milliseconds after its beginning. */
    record KilledStart(int ms) implements Obstacle {
        @Override
        public When when() {
            return When.BEFORE_A_START;
        }

        @Override
        public void put(Scene scene) {
            DaemonProcess daemon = scene.home().launch();
            Lab.pause(ms);
            daemon.crash();
        }

        @Override
        public void remove(Scene scene) {
            // It is over.
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
