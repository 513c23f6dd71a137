/**
 * The commands that take rules from elsewhere and give them away: {@code portcullis import}.
 *
 * <p>May import {@code cli.text}, {@code ec2.transfer}, {@code diagnose} (to read configurations) and {@code config}. Start reading at
 * {@code ImportCommand}.
 */
@NullMarked
package io.portcullis.cli.transfer;

import org.jspecify.annotations.NullMarked;
