package io.portcullis.http;

/** A server can't listen where the configuration says; the message is one sentence for people, with what to do. */
public final class ServerException extends Exception {
    public ServerException(String message, Throwable cause) {
        super(message, cause);
    }

    public ServerException(String message) {
        super(message);
    }
}
