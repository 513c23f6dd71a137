package io.portcullis.ec2.wire;

import java.util.Optional;
import java.util.stream.Stream;

/** A web service of this endpoint. */
public enum Service {
    /** Elastic Compute Cloud. */
    EC2("ec2", "AmazonEC2", "2016-11-15", "http://ec2.amazonaws.com/doc/2016-11-15/"),
    /** Security Token Service. */
    STS("sts", "AWSSecurityTokenService", "2011-06-15", "https://sts.amazonaws.com/doc/2011-06-15/");

    private final String scope;
    private final String title;
    private final String version;
    private final String namespace;

    Service(String scope, String title, String version, String namespace) {
        this.scope = scope;
        this.title = title;
        this.version = version;
        this.namespace = namespace;
    }

    /** The service with this name in the scope of a signature. */
    public static Optional<Service> ofScope(String scope) {
        return Stream.of(values()).filter(each -> each.scope.equals(scope)).findFirst();
    }

    /** Its name in the scope of a signature. */
    public String scope() {
        return scope;
    }

    /** Its name in messages. */
    public String title() {
        return title;
    }

    /** The version of its API, a day. */
    public String version() {
        return version;
    }

    /** Of its XML. */
    String namespace() {
        return namespace;
    }
}
