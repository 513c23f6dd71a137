package io.portcullis.intercept;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.util.List;

/** An interface that can't be attached. Nothing is changed, or all changes are undone. */
public final class InterceptException extends Exception {
    private final List<String> faults;

    InterceptException(List<String> faults) {
        super(String.join("\n", faults));
        this.faults = List.copyOf(faults);
    }

    /** One line each, for people: the fault, and the remedy. */
    public List<String> faults() {
        return faults;
    }

    /** The reason of an exception, for people; those of java.nio.file have only the path as their message. */
    static String reason(IOException failed) {
        return switch (failed) {
            case AccessDeniedException denied ->
                denied.getFile() + ": permission denied: run as root, or give the service CAP_NET_ADMIN";
            case FileSystemException file
            when "Read-only file system".equals(file.getReason()) ->
                file.getFile() + ": read-only here: under systemd, set ProtectKernelTunables=no";
            case FileSystemException file
            when file.getReason() == null ->
                file.getFile() + ": " + file.getClass().getSimpleName();
            default -> String.valueOf(failed.getMessage());
        };
    }
}
