/**
 * EC2's own clients against a real daemon: calls change the file, and the traffic obeys. Clients that are not installed skip their
 * test. Imports {@code system} and the table of actions in {@code ec2.wire}.
 */
@NullMarked
package io.portcullis.system.ec2;

import org.jspecify.annotations.NullMarked;
