package io.portcullis.service;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.SdNotify;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells systemd how it goes, where systemd asked for it (sd_notify(3), sd_watchdog_enabled(3), systemd.service(5) Type=notify and
 * WatchdogSec). Any thread.
 */
final class Systemd {
    private static final Logger LOG = LoggerFactory.getLogger(Systemd.class);

    private static final long USEC_PER_MS = 1_000;

    private final @Nullable String socket;
    private final long watchdogIntervalMs;

    /**
     * The notifications of a service.
     *
     * @param socket what {@code NOTIFY_SOCKET} says; null: nobody asked
     */
    Systemd(@Nullable String socket) {
        this(socket, System.getenv(), ProcessHandle.current().pid());
    }

    /** As the other one, with {@code WATCHDOG_USEC} and {@code WATCHDOG_PID} of this environment, by the process {@code pid}. */
    Systemd(@Nullable String socket, Map<String, String> environment, long pid) {
        this.socket = socket;
        watchdogIntervalMs = socket == null ? 0 : watchdogIntervalMs(environment, pid);
    }

    private static long watchdogIntervalMs(Map<String, String> environment, long pid) {
        String usec = environment.get("WATCHDOG_USEC");
        String whose = environment.get("WATCHDOG_PID");
        if (usec == null || !(whose == null || whose.equals(Long.toString(pid)))) {
            return 0;
        }
        try {
            return Math.max(0, Long.parseLong(usec) / 2 / USEC_PER_MS);
        } catch (NumberFormatException odd) {
            LOG.warn("WATCHDOG_USEC={} is no number: systemd is not told that portcullis lives", usec);
            return 0;
        }
    }

    /** How often systemd wants to hear {@link #alive}, in milliseconds: twice in its deadline. 0: it does not ask. */
    long watchdogIntervalMs() {
        return watchdogIntervalMs;
    }

    /** Says that everything works; where that is not said in time, systemd kills the process and starts another one. */
    void alive() {
        if (watchdogIntervalMs > 0) {
            send("WATCHDOG=1");
        }
    }

    /** What {@code systemctl status} shows. */
    void status(String status) {
        send("STATUS=" + oneLine(status));
    }

    void ready(String status) {
        send("READY=1\nSTATUS=" + oneLine(status));
    }

    /** Has to name the moment, so that systemd can tell this reload's READY from an earlier one's. */
    void reloading() {
        try {
            send("RELOADING=1\nMONOTONIC_USEC=" + SdNotify.monotonicUsec());
        } catch (ErrnoException e) {
            LOG.warn("systemd does not hear of the reload: {}", e.getMessage());
        }
    }

    void stopping() {
        send("STOPPING=1\nSTATUS=giving the NICs back");
    }

    private void send(String message) {
        String address = socket;
        if (address == null) {
            return;
        }
        try {
            SdNotify.send(address, message);
        } catch (ErrnoException e) {
            LOG.warn(
                    "systemd does not hear of {}: {}",
                    message.lines().findFirst().orElse(""),
                    e.getMessage());
        }
    }

    private static String oneLine(String text) {
        return text.replace('\n', ' ');
    }
}
