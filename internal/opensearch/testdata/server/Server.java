import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.opensearch.analysis.common.CommonAnalysisPlugin;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.http.HttpServerTransport;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.plugins.Plugin;
import org.opensearch.transport.Netty4Plugin;

/**
 * One OpenSearch node on this machine, of its published parts: java Server.java HOME. Its
 * port, which the system chooses, stands in HOME/port when it answers. It ends with the
 * process.
 */
public class Server extends Node {
  private Server(Environment environment, Collection<Class<? extends Plugin>> plugins) {
    super(environment, plugins, false);
  }

  public static void main(String[] args) throws Exception {
    Path home = Path.of(args[0]).toAbsolutePath();
    Files.createDirectories(home.resolve("config"));
    Settings settings = Settings.builder()
        .put("path.home", home)
        .put("cluster.name", "radlabel-test")
        .put("discovery.type", "single-node")
        .put("network.host", "127.0.0.1")
        .put("transport.type", "netty4").put("transport.port", "0")
        .put("http.type", "netty4").put("http.port", "0")
        .put("cluster.routing.allocation.disk.threshold_enabled", false)
        .build();
    Environment environment = InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), home.resolve("config"), () -> "one");
    Server server = new Server(environment, List.of(Netty4Plugin.class, CommonAnalysisPlugin.class));
    server.start();
    int port = server.injector().getInstance(HttpServerTransport.class).boundAddress().publishAddress().getPort();
    Path written = Files.writeString(home.resolve("port.part"), port + "\n");
    Files.move(written, home.resolve("port"));
    Thread.currentThread().join();
  }
}
