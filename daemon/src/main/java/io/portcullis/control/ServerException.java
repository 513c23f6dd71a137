package io.portcullis.control;

/** A server can't listen where the configuration says; the message is one sentence for people, with what to do. */
public final class ServerException extends Exception {
    ServerException(String message, Throwable cause) {
        super(message, cause);
    }

    ServerException(String message) {
        super(message);
    }
}
