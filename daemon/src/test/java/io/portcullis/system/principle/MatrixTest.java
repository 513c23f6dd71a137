package io.portcullis.system.principle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Hammer;
import io.portcullis.system.Home;
import io.portcullis.system.Lab;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * All principles at once: a daemon is started again and again, each time with one to three random obstacles, while a stranger
 * sends and an honest client requests. {@code -Dportcullis.matrix.seeds=200} for the long form; {@code
 * -Dportcullis.matrix.seed=N} repeats one seed.
 */
@Tag("system")
final class MatrixTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = Lab.webServer("out0", "");

    private static final int STARTS = Integer.getInteger("portcullis.matrix.seeds", 20);
    private static final long SEED = Long.getLong("portcullis.matrix.seed", System.nanoTime());
    private static final int MOST_OBSTACLES = 3;
    private static final int RUN_KIB = 8 * 1024;

    /** On an idle machine, admitted traffic passes within this time after the obstacles are gone. */
    private static final long SOON_MS = 5_000;

    /** /healthz may be wrong for this time; a request without an answer takes a second of it. */
    private static final long LONGEST_LIE_MS = 3_000 + 1_000;

    /** After this many starts the NIC is given back in between. */
    private static final int GIVEN_BACK_EVERY = 5;

    private final List<String> slow = new ArrayList<>();
    private Hammer hammer;
    private Probe traffic;
    private Probe health;

    @BeforeEach
    void begin() {
        LAB.nginx("server", 80);
        hammer = new Hammer(LAB, "fw", Lab.SERVER);
        hammer.awaitThrough();
        traffic = new Probe(LAB, "client", Lab.SERVER, 80, "/");
        health = new Probe(LAB, "fw", "127.0.0.1", 9750, "/healthz");
        Command.run("chmod", "755", LAB.folder().toString()).ok();
    }

    @AfterEach
    void end() {
        LAB.endDaemons();
        traffic.stop();
        health.stop();
        hammer.stop();
    }

    @Test
    void thePrinciplesHoldWithAnyObstacles() {
        System.out.println("MatrixTest: seed " + SEED + ", " + STARTS + " starts");
        Home home = LAB.home(RULES);
        LAB.tmpfs(home.runtime(), RUN_KIB);
        home.openToReaders();
        Scene scene = new Scene(LAB, home, RULES, hammer);
        String before = LAB.hostState();
        DaemonProcess daemon = home.start();
        scene.shut();
        for (int i = 1; i <= STARTS; i++) {
            Random random = new Random(SEED + i);
            List<Obstacle> obstacles = choose(random);
            String what = "seed " + SEED + ", start " + i + ": " + obstacles;
            long startNs = System.nanoTime();
            try {
                if (i % GIVEN_BACK_EVERY == 0) {
                    giveBack(scene, daemon, before);
                } else if (random.nextInt(3) == 0) {
                    daemon.terminate();
                } else {
                    daemon.crash();
                }
                scene.assertNoStranger();
                daemon = start(scene, obstacles, random, what);
            } catch (AssertionError e) {
                throw new AssertionError(what + ": " + e.getMessage() + "\n" + Lab.read(home.log()), e);
            }
            System.out.println(what + ": " + (System.nanoTime() - startNs) / 1_000_000 + " ms");
        }
        giveBack(scene, daemon, before);
        long lie = new Timeline(health.samples(), traffic.samples()).longestLie();
        assertTrue(
                lie <= LONGEST_LIE_MS, "seed " + SEED + ": /healthz said ok for " + lie + " ms while nothing passed");
        System.out.println(
                "MatrixTest: later than " + SOON_MS + " ms: " + slow + "; /healthz wrong for at most " + lie + " ms");
    }

    private static List<Obstacle> choose(Random random) {
        List<Obstacle> all = new ArrayList<>(Obstacle.all(random));
        Collections.shuffle(all, random);
        List<Obstacle> chosen = new ArrayList<>();
        int count = 1 + random.nextInt(MOST_OBSTACLES);
        for (Obstacle each : all) {
            if (chosen.size() < count && !(each.takesTheNic() && chosen.stream().anyMatch(Obstacle::takesTheNic))) {
                chosen.add(each);
            }
        }
        return chosen;
    }

    private static void giveBack(Scene scene, DaemonProcess daemon, String before) {
        daemon.terminate();
        scene.giveBack();
        daemon.detach().ok();
        assertEquals(before, LAB.hostState(), "detach");
    }

    private DaemonProcess start(Scene scene, List<Obstacle> obstacles, Random random, String what) {
        List<Obstacle> later = new ArrayList<>();
        scene.home().forgetLog();
        for (Obstacle each : obstacles) {
            boolean isLater = each.when() == Obstacle.When.WHILE_IT_RUNS
                    || each.when() == Obstacle.When.EITHER && random.nextBoolean();
            if (isLater) {
                later.add(each);
            } else {
                each.put(scene);
            }
        }
        DaemonProcess daemon = scene.home().start();
        if (obstacles.stream().allMatch(each -> later.contains(each) || each.leavesTheNic())) {
            scene.shut();
        }
        later.forEach(each -> each.put(scene));
        scene.assertNoStranger();
        obstacles.reversed().forEach(each -> each.remove(scene));
        long ms = traffic.awaitAnswer("what is admitted");
        if (ms > SOON_MS) {
            slow.add(what + ": " + ms + " ms");
        }
        daemon.awaitHealth();
        scene.shut();
        scene.assertNoStranger();
        return daemon;
    }
}
