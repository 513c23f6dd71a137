/**
 * EC2's own clients against a real daemon: calls change the file, and the traffic obeys. Clients that are not installed skip their
 * test. Imports {@code system}.
 */
@NullMarked
package io.portcullis.system.ec2;

import org.jspecify.annotations.NullMarked;
