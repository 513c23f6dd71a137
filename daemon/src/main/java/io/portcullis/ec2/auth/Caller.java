package io.portcullis.ec2.auth;

import io.portcullis.ec2.wire.Service;

/**
 * Who signed a request.
 *
 * @param key its access key
 * @param service that the request is for
 */
public record Caller(AccessKey key, Service service) {}
