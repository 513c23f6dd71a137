/**
 * The commands that take rules from elsewhere and give them away: {@code portcullis import}
 * and {@code portcullis export}.
 *
 * <p>May import {@code cli.text}, {@code ec2.transfer} and below, {@code ec2.model}, {@code ec2.state}, {@code diagnose} (to read
 * configurations), {@code linux} (the machine id) and {@code config}. Start reading at
 * {@code ImportCommand}.
 */
@NullMarked
package io.portcullis.cli.transfer;

import org.jspecify.annotations.NullMarked;
