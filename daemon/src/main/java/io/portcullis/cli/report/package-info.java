/**
 * {@code portcullis report}: what a bug report needs, in one archive without addresses, names and secrets. {@link
 * io.portcullis.cli.report.Redactor} changes each text before it is written; {@code Parts} gathers the texts; {@code TarFile} writes them.
 *
 * <p>May import {@code cli.daemon}, {@code cli.text}, {@code http} (the client), {@code diagnose}, {@code service.process}, {@code config}, {@code
 * config.files}, {@code config.read}, {@code config.yaml}, {@code linux} and those below it, and {@code net}. Start reading at {@code ReportCommand}.
 */
@NullMarked
package io.portcullis.cli.report;

import org.jspecify.annotations.NullMarked;
