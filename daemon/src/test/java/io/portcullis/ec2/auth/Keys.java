package io.portcullis.ec2.auth;

/** Access keys for tests. */
public final class Keys {
    private Keys() {}

    /** A key that may change everything. */
    public static AccessKey any() {
        return new AccessKey("AKIATEST", "a secret of forty letters and digits".replace(' ', '-'), false);
    }
}
