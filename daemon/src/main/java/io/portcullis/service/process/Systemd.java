package io.portcullis.service.process;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.SystemdSocket;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notifies systemd of the daemon's state, where the unit asks for it (sd_notify(3), sd_watchdog_enabled(3), systemd.service(5)
 * Type=notify and WatchdogSec). Any thread.
 */
public final class Systemd {
    private static final Logger LOG = LoggerFactory.getLogger(Systemd.class);

    private static final long USEC_PER_MS = 1_000;

    private final @Nullable String socket;
    private final long watchdogIntervalMs;
    private volatile String alarm = "";
    private volatile String status = "";

    /**
     * Of this process.
     *
     * @param socket value of {@code NOTIFY_SOCKET}; null: the unit does not ask for notifications
     */
    public Systemd(@Nullable String socket) {
        this(socket, System.getenv(), ProcessHandle.current().pid());
    }

    /** As the other constructor, with {@code WATCHDOG_USEC} and {@code WATCHDOG_PID} of this environment, by the process {@code pid}. */
    public Systemd(@Nullable String socket, Map<String, String> environment, long pid) {
        this.socket = socket;
        watchdogIntervalMs = socket == null ? 0 : watchdogIntervalMs(environment, pid);
    }

    private static long watchdogIntervalMs(Map<String, String> environment, long pid) {
        String usec = environment.get("WATCHDOG_USEC");
        String watched = environment.get("WATCHDOG_PID");
        if (usec == null || !(watched == null || watched.equals(Long.toString(pid)))) {
            return 0;
        }
        try {
            return Math.max(0, Long.parseLong(usec) / 2 / USEC_PER_MS);
        } catch (NumberFormatException odd) {
            LOG.warn("WATCHDOG_USEC={} is no number: the watchdog is not notified", usec);
            return 0;
        }
    }

    /** The interval in which systemd expects {@link #alive}, in milliseconds: half its deadline. 0: it expects none. */
    public long watchdogIntervalMs() {
        return watchdogIntervalMs;
    }

    /** Notifies the watchdog; without it in time systemd kills the process and starts another one. */
    public void alive() {
        if (watchdogIntervalMs > 0) {
            send("WATCHDOG=1");
        }
    }

    /** What {@code systemctl status} shows. */
    public void status(String status) {
        send(statusLine(status));
    }

    public void ready(String status) {
        send("READY=1\n" + statusLine(status));
    }

    /** Names the moment, by which systemd distinguishes the READY of this reload from an earlier one. */
    public void reloading() {
        try {
            send("RELOADING=1\nMONOTONIC_USEC=" + SystemdSocket.monotonicUsec());
        } catch (ErrnoException e) {
            LOG.warn("systemd is not notified of the reload: {}", e.getMessage());
        }
    }

    public void stopping() {
        send("STOPPING=1\nSTATUS=restoring the NICs");
    }

    /** What every status begins with from now on; empty: nothing. */
    public void alarm(String text) {
        if (!text.equals(alarm)) {
            alarm = text;
            status(status);
        }
    }

    private String statusLine(String next) {
        status = next;
        String loud = alarm;
        return "STATUS=" + oneLine(loud.isEmpty() ? next : loud + " -- " + next);
    }

    private void send(String message) {
        String address = socket;
        if (address == null) {
            return;
        }
        try {
            SystemdSocket.send(address, message);
        } catch (ErrnoException e) {
            LOG.warn(
                    "systemd is not notified of {}: {}",
                    message.lines().findFirst().orElse(""),
                    e.getMessage());
        }
    }

    private static String oneLine(String text) {
        return text.replace('\n', ' ');
    }
}
