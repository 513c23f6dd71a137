package io.portcullis.service;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.SdNotify;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells systemd how it goes, where systemd asked for it (sd_notify(3), systemd.service(5) Type=notify). */
final class Systemd {
    private static final Logger LOG = LoggerFactory.getLogger(Systemd.class);

    private final @Nullable String socket;

    /**
     * The notifications of a service.
     *
     * @param socket what {@code NOTIFY_SOCKET} says; null: nobody asked
     */
    Systemd(@Nullable String socket) {
        this.socket = socket;
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
