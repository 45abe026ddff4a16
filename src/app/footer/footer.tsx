import { version } from '../../shared/version';
import { useInstall } from '../../state/install';
import './footer.css';

export function Footer() {
  const install = useInstall((state) => state.install);
  return (
    <footer className="footer">
      <p>Kinora {version}</p>
      <a href="licences.html">Licences</a>
      {install && (
        <button type="button" className="text-button" onClick={install}>
          Install as an app
        </button>
      )}
    </footer>
  );
}
